"""What the service takes and gives, for the OpenAPI text; tests compare answers with it."""

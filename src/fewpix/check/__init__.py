"""What is doubtful about a gallery: values that changed, and photos that do not look like their names."""

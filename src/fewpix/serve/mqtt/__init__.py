"""Events and cameras are told to an MQTT broker, and to Home Assistant by it."""

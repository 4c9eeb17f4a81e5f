"""The demo plant: real MQTT devices around a physical model, and what makes them fail."""

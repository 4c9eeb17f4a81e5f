"""Sites, zones, sensors, actuators; device protocols in, commands out."""

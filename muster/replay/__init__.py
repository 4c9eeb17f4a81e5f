"""A recorded CSV, published as a device: the mapping is pure, the publisher is a device like any other."""

"""Notices: what somebody should know, kept in their list and pushed once; orders of incidents have deliveries."""

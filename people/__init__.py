"""Tenants, accounts, roles, sign-in, the phones people carry."""

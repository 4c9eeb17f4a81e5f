"""The auditor: finds what is stuck, puts it right, says so, and tells the outside only when all is well."""

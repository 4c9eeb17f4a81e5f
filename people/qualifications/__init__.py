"""Qualifications and training of people, and the skills that follow from them."""

"""Checks on what goes in and what comes out: prompt injection and personal data."""

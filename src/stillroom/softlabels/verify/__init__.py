"""Verify: a captured set in; a finding out, or an error that says where it is wrong."""

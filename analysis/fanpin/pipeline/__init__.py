"""The only room that touches disk in both directions: studies, build stages, make rules, provenance, command line."""

"""The synthetic class: drawn students in a drawn video call, from a script, with known truth."""

"""Training and evaluation of the expression network. Imports classroom_monitor, never the other way."""

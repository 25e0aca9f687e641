"""The parts of the live page: what is read (now), and what each refresh sends of it."""

"""The simulated municipality: who comes and what becomes of them (pure), what is noted of it, and how it is typed at a street."""

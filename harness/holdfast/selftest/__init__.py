"""The judge is judged: flawed twins of the reference implementation, and which cases catch which flaw."""

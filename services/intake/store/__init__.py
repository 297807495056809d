"""All SQL of intake: the cases, and the identity vault, which is another role's. Decides nothing."""

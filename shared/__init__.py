"""What every service stands on (the chassis). It knows no service, no aggregate and no topic."""

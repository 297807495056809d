"""What a Kafka broker of the street needs: its settings, and what prepares it. The same on the local street and in containers."""

"""What every service stands on: messages, the batch processor, drivers, settings, telemetry."""

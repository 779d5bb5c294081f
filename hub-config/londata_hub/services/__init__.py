"""What the hub runs beside itself, each as a service that it manages and that it lets users reach."""

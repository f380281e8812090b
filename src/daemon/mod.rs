//! Supervisor, lifecycle, health, systemd.

"""No test depends on the machine's speed: a property takes as long as it takes."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "any machine",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

"""Hypothesis without time limits, because no test may depend on the machine's speed."""

import gc

from hypothesis import HealthCheck, settings

NOW = settings.get_profile(settings.get_current_profile_name())
settings.register_profile(
    "any machine",
    NOW,
    deadline=None,
    suppress_health_check={*NOW.suppress_health_check, HealthCheck.too_slow},
)
settings.load_profile("any machine")

# What AWS's SDK and moto keep is large and stays: to look through it again and again takes a
# fifth of the tests' time.
gc.set_threshold(100_000, 50, 100)

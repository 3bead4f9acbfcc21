"""The operator's tool over moto alone: the tables of its CloudFormation are moto's own."""

from tests.integration.conftest import clock, environment, services, world

__all__ = ["clock", "environment", "services", "world"]

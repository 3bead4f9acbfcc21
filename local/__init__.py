"""The local stack: the deployed handlers over HTTP on moto. Nothing of it is deployed."""

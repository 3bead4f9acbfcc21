"""The list of the directory's routes."""

from typing import Final

from sojourn.api.route import Route
from sojourn.directory import key_routes as keys
from sojourn.directory import realm_routes as realms
from sojourn.directory import user_routes as users

ROUTES: Final[tuple[Route, ...]] = (
    realms.create_realm,
    realms.list_realms,
    realms.get_realm,
    realms.update_realm.by("PUT", "update_realm_by_put"),
    realms.update_realm,
    realms.delete_realm,
    users.create_user,
    users.list_users,
    users.get_user,
    users.update_user.by("PUT", "update_user_by_put"),
    users.update_user,
    users.delete_user,
    users.unlock_user,
    users.change_password,
    users.create_credential,
    users.list_credentials,
    users.get_credential,
    users.update_credential.by("PUT", "update_credential_by_put"),
    users.update_credential,
    users.delete_credential,
    keys.create_access_key,
    keys.list_access_keys,
    keys.get_access_key,
    keys.update_access_key.by("PUT", "update_access_key_by_put"),
    keys.update_access_key,
    keys.delete_access_key,
    keys.create_jwt_key,
    keys.list_jwt_keys,
    keys.get_jwt_key,
    keys.update_jwt_key.by("PUT", "update_jwt_key_by_put"),
    keys.update_jwt_key,
    keys.delete_jwt_key,
)

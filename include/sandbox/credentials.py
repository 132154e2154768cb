"""The sandbox's only app: well-known, valid nowhere else, and no secret."""

SANDBOX_APP_KEY = "sandbox-app-key"
SANDBOX_APP_SECRET = "sandbox-app-secret-not-a-secret"  # noqa: S105 - known to everybody
SANDBOX_ACCESS_TOKEN = "sandbox-access-token-not-a-secret"  # noqa: S105 - the same

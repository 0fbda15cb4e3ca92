"""The web viewer: look, check, correct, export; on this machine alone. Needs the extra ``[serve]``."""

from fleeting.serve.access import new_token
from fleeting.serve.app import create_app, serve
from fleeting.serve.desk import Desk

__all__ = ["Desk", "create_app", "new_token", "serve"]

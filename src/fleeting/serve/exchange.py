"""Routes: files in and out."""

from fastapi import APIRouter

from fleeting.serve.answers import Json
from fleeting.serve.desk import Desk


def routes(desk: Desk) -> APIRouter:
    """Make the routes."""
    return APIRouter(prefix="/api/recordings", default_response_class=Json)

"""/webhook_endpoints: create, list, retrieve, delete, as OpenAI's SDK has them; trainer/hooks.py says what is ours."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from trainer.hooks import KINDS, is_ours, plan_running, secret_of
from trainer.models import Endpoint
from trainer.orders import storable
from trainer.shapes import Json, unix
from trainer.tasks import expect
from trainer.views.door import Caller, door
from wire.errors import invalid, not_found
from wire.ids import new_id
from wire.paging import limit_of, listing, page_of_rows
from wire.requests import json_object

MOST = 20  # endpoints of one organization
LONGEST_URL, LONGEST_NAME = 500, 200


def create(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = json_object(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    url, kinds = _url(body), _kinds(body)
    rows = Endpoint.objects.filter(org=caller.org)
    if rows.exclude(url=url).count() >= MOST:
        raise invalid(f"An organization has at most {MOST} webhook endpoints.")
    changes = {"name": _name(body), "kinds": kinds}
    endpoint, _made = rows.update_or_create(
        org=caller.org, url=url, defaults=changes, create_defaults=changes | {"uid": new_id("we_")}
    )
    for job in plan_running(endpoint):
        expect(job)
    return JsonResponse(_json(endpoint) | {"signing_secret": secret_of(endpoint)})


def _url(body: Json) -> str:
    url = body.get("url")
    if not isinstance(url, str) or len(url) > LONGEST_URL or not is_ours(url):
        raise invalid("Invalid 'url': this server sends webhooks to its own origin (TRAINER_URL) only.", "url")
    return url


def _kinds(body: Json) -> list[str]:
    kinds = body.get("event_types", KINDS)
    if not isinstance(kinds, list) or not kinds or any(kind not in KINDS for kind in kinds):
        raise invalid(f"Invalid 'event_types': expected some of {', '.join(KINDS)}.", "event_types")
    return sorted(set(kinds))


def _name(body: Json) -> str:
    name = body.get("name", "")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise invalid(f"Invalid 'name': expected a string of at most {LONGEST_NAME} characters.", "name")
    return storable(name, "name")


def listed(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    limit = limit_of(request.GET, default=20, most=100)
    rows = Endpoint.objects.filter(org=caller.org)
    return JsonResponse(listing(*page_of_rows(rows, request.GET.get("after", ""), limit, _json), ends=True))


def retrieve(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    return JsonResponse(_json(_endpoint(caller, uid)))


def delete(request: HttpRequest, caller: Caller, uid: str) -> HttpResponseBase:
    _endpoint(caller, uid).delete()
    return JsonResponse({"id": uid, "object": "webhook_endpoint.deleted", "deleted": True})


def _endpoint(caller: Caller, uid: str) -> Endpoint:
    endpoint = Endpoint.objects.filter(org=caller.org, uid=uid).first()
    if endpoint is None:
        raise not_found("webhook endpoint", uid, "webhook_endpoint_id")
    return endpoint


def _json(endpoint: Endpoint) -> Json:
    return {
        "object": "webhook_endpoint",
        "id": endpoint.uid,
        "name": endpoint.name,
        "url": endpoint.url,
        "event_types": endpoint.kinds,
        "created_at": unix(endpoint.created_at),
        "signing_secret_hint": f"whsec_…{secret_of(endpoint)[-4:]}",
    }


collection = door(GET=listed, POST=create)
item = door(GET=retrieve, DELETE=delete)

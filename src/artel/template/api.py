from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.http import Page, PagingDep, bad_field
from artel.kernel.idempotency import OnceDep
from artel.kernel.limits import Limit, allow, place_of
from artel.kernel.service import Context, context_of
from artel.template import templates
from artel.template.schemas import (
    TemplateChange,
    TemplateCopy,
    TemplateIn,
    TemplateOut,
    TemplateShareOut,
    TemplateVersionOut,
)
from artel.template.templates import Reader, Shown

TemplateDep = Annotated[Context, Depends(context_of("template"))]
TemplateId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]  # a UUIDv7, or the name of a preset
router = APIRouter(tags=["templates"])


async def reader(
    template: TemplateDep,
    request: Request,
    caller: CallerDep,
    x_share_token: Annotated[str | None, Header(max_length=64, pattern=r"^[\w-]+$")] = None,
) -> Reader:
    """Who shows a link may do so as often as an address may sign in: it could be guessed."""
    if x_share_token is not None:
        limit = Limit(template.settings.sign_in_burst, template.settings.sign_in_rate)
        for who in (place_of(request.scope), caller.user_id):
            await allow(template.store, f"template-link:{who}", limit)
    return Reader(caller.user_id, caller.lang, x_share_token)


ReaderDep = Annotated[Reader, Depends(reader)]


def _out(shown: Shown) -> TemplateOut:
    return TemplateOut.model_validate(shown, from_attributes=True)


@router.get("/templates")
async def list_templates(template: TemplateDep, reader: ReaderDep, paging: PagingDep) -> Page[TemplateOut]:
    """Favourites, then mine, then the presets."""
    found = await template.database.read(templates.every, reader)
    if paging.after is not None:
        after = _place(paging.after)
        found = [shown for shown in found if shown.place > after]
    page = paging.page(found[: paging.limit + 1], lambda shown: shown.place)
    return Page(items=[_out(shown) for shown in page.items], next_cursor=page.next_cursor)


def _place(after: list[Any]) -> tuple[int, str, str]:
    match after:
        case [int(rank), str(order), str(key)]:
            return rank, order, key
    raise bad_field("cursor", "not one of this list's", "invalid_query")


@router.post("/templates", status_code=201)
async def create_template(template: TemplateDep, reader: ReaderDep, once: OnceDep, body: TemplateIn) -> TemplateOut:
    rules = templates.checked(body.rules)
    made = await once.run(template.database, _created, reader, body.name, rules)
    return TemplateOut.model_validate(made)


def _created(tx: Tx, reader: Reader, name: str, rules: dict[str, Any]) -> dict[str, Any]:
    return _kept(tx, reader, templates.create(tx, reader.user_id, name, rules))


def _kept(tx: Tx, reader: Reader, template_id: str) -> dict[str, Any]:
    """The answer itself: a repeat gets it again, whatever has become of the template."""
    return _out(templates.show(tx, reader, template_id)).model_dump(mode="json")


@router.get("/templates/{template_id}")
async def show_template(template: TemplateDep, reader: ReaderDep, template_id: TemplateId) -> TemplateOut:
    return _out(await template.database.read(templates.show, reader, template_id))


@router.patch("/templates/{template_id}")
async def change_template(
    template: TemplateDep, reader: ReaderDep, template_id: TemplateId, body: TemplateChange
) -> TemplateOut:
    """Makes a version; evenings that were played by an older one keep it."""
    rules = templates.checked(body.rules) if body.rules is not None else None
    return _out(await template.database.write(templates.change, reader, template_id, body.name, rules))


@router.delete("/templates/{template_id}", status_code=204)
async def delete_template(template: TemplateDep, reader: ReaderDep, template_id: TemplateId) -> Response:
    await template.database.write(templates.remove, reader, template_id)
    return Response(status_code=204)


@router.get("/templates/{template_id}/versions")
async def list_template_versions(
    template: TemplateDep, reader: ReaderDep, template_id: TemplateId, paging: PagingDep
) -> Page[TemplateVersionOut]:
    """Newest first."""
    below = _number(paging.after)
    rows = await template.database.read(templates.history, reader, template_id, below, paging.limit + 1)
    page = paging.page(rows, lambda row: [row.version])
    return Page(items=[_version_out(row) for row in page.items], next_cursor=page.next_cursor)


def _number(after: list[Any] | None) -> int | None:
    match after:
        case None:
            return None
        case [int(number)]:
            return number
    raise bad_field("cursor", "not one of this list's", "invalid_query")


def _version_out(row: Any) -> TemplateVersionOut:
    return TemplateVersionOut.model_validate(row, from_attributes=True)


@router.get("/templates/{template_id}/versions/{version}")
async def show_template_version(
    template: TemplateDep, reader: ReaderDep, template_id: TemplateId, version: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> TemplateVersionOut:
    return _version_out(await template.database.read(templates.version, reader, template_id, version))


@router.post("/templates/{template_id}/copy", status_code=201)
async def copy_template(
    template: TemplateDep, reader: ReaderDep, once: OnceDep, template_id: TemplateId, body: TemplateCopy | None = None
) -> TemplateOut:
    """A preset, one of mine, or one that came by a link (`X-Share-Token`) becomes mine."""
    wish = body or TemplateCopy()
    made = await once.run(template.database, _copied, reader, template_id, wish)
    return TemplateOut.model_validate(made)


def _copied(tx: Tx, reader: Reader, template_id: str, wish: TemplateCopy) -> dict[str, Any]:
    return _kept(tx, reader, templates.copy(tx, reader, template_id, wish.name, wish.version))


@router.put("/templates/{template_id}/favourite", status_code=204)
async def mark_template(template: TemplateDep, reader: ReaderDep, template_id: TemplateId) -> Response:
    await template.database.write(templates.mark, reader, template_id, favourite=True)
    return Response(status_code=204)


@router.delete("/templates/{template_id}/favourite", status_code=204)
async def unmark_template(template: TemplateDep, reader: ReaderDep, template_id: TemplateId) -> Response:
    await template.database.write(templates.mark, reader, template_id, favourite=False)
    return Response(status_code=204)


@router.post("/templates/{template_id}/share", status_code=201)
async def share_template(
    template: TemplateDep, reader: ReaderDep, once: OnceDep, template_id: TemplateId
) -> TemplateShareOut:
    """A link to read and copy it by; a new one ends the one before."""
    made = await once.run(template.database, _shared, reader, template_id)
    return TemplateShareOut(url=f"{template.settings.public}/t/#{template_id}.{made['token']}", token=made["token"])


def _shared(tx: Tx, reader: Reader, template_id: str) -> dict[str, Any]:
    return {"token": templates.share(tx, reader, template_id)}


@router.delete("/templates/{template_id}/share", status_code=204)
async def unshare_template(template: TemplateDep, reader: ReaderDep, template_id: TemplateId) -> Response:
    await template.database.write(templates.unshare, reader, template_id)
    return Response(status_code=204)

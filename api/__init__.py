"""The HTTP edge: thin handlers, one file a domain.

How to add handlers:

1. Structs of the request and the answer in ``mobile_contract/<domain>.py``; requests with ``forbid_unknown_fields``
   and every limit as ``msgspec.Meta``.
2. A file ``api/<domain>.py`` with handlers and one ``Router``; add it to ``ROUTERS`` in ``api/app.py``. No other file
   changes: answers of errors, the key and If-Match headers reach the API's document by themselves.
3. A handler, whose name is its operation id and whose docstring's first line is its summary::

       @get("/v1/things", guards=[needs(Permission.READ_PLANT)])
       async def list_things(call: Call, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[ThingView]:
           \"\"\"Things by name.\"\"\"
           rows = await service.list_things(call.tx, call.actor, after=read_cursor(cursor, str, ""), limit=limit + 1)
           return page(rows, limit, key=lambda t: t.name, view=thing_view)

       @post("/v1/things", guards=[needs(Permission.MANAGE_PLANT)])
       async def create_thing(data: JSONBody[NewThing], write: Write) -> Response[ThingView]:
           \"\"\"Create a thing.\"\"\"
           async def work() -> ThingView:
               return thing_view(await service.create_thing(write.tx, write.actor, data))
           return await write.once(work, headers=lambda thing: etag(thing.version))

   ``call`` and ``write`` hold the actor and an open transaction that commits before the answer is sent. An edit takes
   ``if_match: IfMatch = None`` and passes ``expected_version(if_match)`` down; the service raises
   ``Conflict("version.changed", ...)``. A handler that anybody may call says ``opt=OPEN`` and takes ``deps: Deps``.
   An answer with a secret in it gives ``once`` what is ``kept`` of it: the key's row must not hold the secret.
   A handler that reads the bytes itself says ``opt={"raw_body": RawBody(...)}``; a list that answers 404 for what a
   query parameter names, where others are empty, says ``opt={"not_found": True}``; a read that answers 409 for the
   state of what it reads says ``opt={"conflict": True}``.
4. Raise only the five kinds of ``core.errors``; ``api/problems.py`` is where they become answers.
5. Tests in the order anonymous (401), missing permission (403), invalid (400 naming the field), valid.
"""

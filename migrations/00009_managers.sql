-- +goose Up
-- Who is in charge of a setting on a day is no secret to whoever reads its policies: an inspector asks for it first. Roles themselves are seen by
-- whoever manages people; this tells of one role alone, by name and day.
-- +goose StatementBegin
create function app.managers_at(home bigint, from_at timestamptz, until_at timestamptz) returns table (actor_id bigint, name text, since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, app rows 1 as $$
begin
  return query select a.id, a.name, min(h.from_at) from app.role_held h join app.actor a on a.id = h.actor_id
    where h.home_id = managers_at.home and h.role = 'manager' and a.kind = 'person' and h.from_at < managers_at.until_at and h.until_at > managers_at.from_at
      and app.reach(1) @> any (array[h.provider_id * 128 + 9, h.home_id * 128 + 16 + 9]) -- 9: the library's general section (internal/access)
    group by a.id, a.name order by min(h.from_at), a.id;
end $$;
-- +goose StatementEnd
alter function app.managers_at(bigint, timestamptz, timestamptz) owner to custodian_rule;

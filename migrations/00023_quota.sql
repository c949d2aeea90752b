-- +goose Up
-- What: how much somebody has added of late, for the limit of a day (upload_day_limit).

-- Asked whenever content is added: a person's last day among all that they ever added.
create index version_of_author on app.version (author_id, recorded_at) include (size);

-- +goose StatementBegin
-- When the actor added how much since a moment. What has been moved out of their sight meanwhile counts as well.
create function app.added_since(since timestamptz) returns table (at timestamptz, bytes bigint) language plpgsql stable security definer set search_path = pg_catalog, app as $$
begin
  return query select v.recorded_at, v.size from app.version v where v.author_id = app.me() and v.recorded_at > since;
end $$;
-- +goose StatementEnd
alter function app.added_since(timestamptz) owner to custodian_rule;

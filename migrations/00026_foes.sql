-- +goose Up
-- A review settles an access outside a role for good; and what two do at the same moment comes out as if one had come after the other.

-- Nobody decides about more time once it is settled whether the access was right; whoever judges sees all of it, because nothing runs and nothing waits then.
drop policy decides on app.outside_decision;
create policy decides on app.outside_decision for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.outside_access a where a.id = access_id and a.actor_id <> app.me() and a.wanted <> 'day' and app.answers_for(a.record_id, (select app.shields()))
    and not exists (select from app.outside_ending e where e.access_id = a.id)
    and not exists (select from app.outside_review v where v.access_id = a.id and (v.verdict = 'accepted' or v.level = 2))));
drop policy reviews on app.outside_review;
create policy reviews on app.outside_review for insert to custodian_app with check (by_actor = app.me() and app.my_kind() = 'person' and exists (
  select from app.outside_access a where a.id = access_id and a.actor_id <> app.me()
    and (verdict = 'escalated' or not app.outside_runs(a.id) and (a.wanted = 'day'
      or exists (select from app.outside_decision d where d.access_id = a.id) or exists (select from app.outside_ending e where e.access_id = a.id)))
    and (level = 1 and app.answers_for(a.record_id, (select app.shields()))
        and (verdict <> 'accepted' or a.reason <> 'oversight' or exists (select from app.outside_note n where n.access_id = a.id and n.kind = 'oversight'))
      or level = 2 and app.answers_wide(a.record_id, (select app.shields()))
        and app.escalated_to_me(a.id))));

set local role custodian_rule; -- whose functions they are

-- Each of these triggers waits for whoever is doing what the next one, by name, is about to look at. Statements of a function see what was committed when they
-- began, so that the next sees what came of it. Records are taken before roles, and both in the order of their ids.
-- +goose StatementBegin
-- A consent that comes while another is withdrawn, or while a visitor's role ends. Not "for update": the consent refers to its record already.
create function app.consents_in_turn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform 1 from app.record r where r.id = new.record_id for no key update;
  perform 1 from app.role_held h join app.record r on r.home_id = h.home_id
    where r.id = new.record_id and h.role in ('visitor-44', 'visitor-25') and h.until_at > now() order by h.id for share of h;
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- A visitor who comes while a consent is withdrawn.
create function app.visitors_in_turn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform 1 from app.record r where r.home_id = new.home_id and r.open
    and exists (select from app.consent c where c.record_id = r.id and c.until_at > now()) order by r.id for no key update of r;
  perform 1 from app.role_held h where h.home_id = new.home_id and h.role in ('visitor-44', 'visitor-25') and h.until_at > now() order by h.id for share;
  return null;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- What is given through a setting while the role there ends.
create function app.given_in_turn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform 1 from app.role_held h where h.actor_id = new.actor_id and h.home_id = new.through_home and h.record_id is null and h.until_at > now() order by h.id for share;
  return new;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- Two roles of one person that end at the same moment: neither is taken for the one that is left.
create function app.ends_in_turn() returns trigger language plpgsql security definer set search_path = pg_catalog, app as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('roles that end', new.actor_id));
  return null;
end $$;
-- +goose StatementEnd
reset role;

-- before "counts", "visitor_comes", "entrust" and "role_ends": triggers run in the order of their names
create trigger awaits after insert or update on app.consent for each row execute function app.consents_in_turn();
create trigger awaits after insert on app.role_held for each row when (new.role in ('visitor-44', 'visitor-25')) execute function app.visitors_in_turn();
create trigger awaits before insert on app.grants for each row when (new.through_home is not null) execute function app.given_in_turn();
create trigger awaits_ends after update on app.role_held for each row execute function app.ends_in_turn();

set local role custodian_rule; -- triggers need no grant to run; nobody calls these by hand
revoke all on function app.consents_in_turn(), app.visitors_in_turn(), app.given_in_turn(), app.ends_in_turn() from public;
reset role;

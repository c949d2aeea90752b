-- +goose Up
-- Two words that the rule has to know before anybody is given them: a grant may reach one version alone (scope 4), and a right (128) lets somebody ask for
-- access outside their role.
alter table app.grants drop constraint grants_scope_known, add constraint grants_scope_known check (scope between 0 and 4);
alter table app.grants drop constraint grants_rights_known, add constraint grants_rights_known check (rights between 1 and 255);

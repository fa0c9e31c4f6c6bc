-- name: book
-- All working calendars with their hours and exceptions, and all terms of care levels, as one text: a few dozen rows in one statement.
-- example: {}
SELECT jsonb_build_object(
         'calendars', (SELECT coalesce(jsonb_agg(jsonb_build_array(c.code, c.name, c.time_zone, c.keeps_bank_holidays) ORDER BY c.code), '[]')
                         FROM css.working_calendar c),
         'spans', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.calendar_code, s.starts_on, s.weekday, s.opens_minute, s.closes_minute)
                                             ORDER BY s.calendar_code, s.starts_on, s.weekday, s.opens_minute), '[]')
                     FROM css.working_span s),
         'exceptions', (SELECT coalesce(jsonb_agg(jsonb_build_array(e.calendar_code, e.day, e.nation, e.opens_minute, e.closes_minute, e.reason)
                                                  ORDER BY e.calendar_code, e.day, e.nation, e.opens_minute), '[]')
                          FROM css.calendar_exception e),
         'terms', (SELECT coalesce(jsonb_agg(jsonb_build_array(t.code, t.starts_on, t.rank, t.promise, t.calendar_code, t.days,
                                                               t.same_day_by, t.next_day_by, t.minutes) ORDER BY t.rank, t.code, t.starts_on), '[]')
                     FROM css.care_level_terms t)
       )::text AS book

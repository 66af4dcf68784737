-- In: the wave's seed. Out: the function draw_of, an application's SHA-256 in the draw.
-- An application's place in the draw.
CREATE OR REPLACE TEMP MACRO draw_of(id) AS sha256($seed || ':' || id);

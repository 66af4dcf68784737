-- An application's place in the draw (CONTRACTS: SHA-256 of seed and registration).
CREATE OR REPLACE TEMP MACRO draw_of(id) AS sha256({seed} || ':' || id);

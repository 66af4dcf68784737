-- In: {tickets}. Out: the draw of each ticket, in the order of the file, and whether it stands behind the priority tier.
SELECT draw_of(ticket) AS draw, tier = 'public' AS public
FROM read_parquet({tickets})

"""How everything that is served is used: `use(stripe)` of each module calls its routes."""

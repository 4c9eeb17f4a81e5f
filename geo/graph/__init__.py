"""The graph engine: walking networks as arrays, shortest paths exact to the millisecond."""

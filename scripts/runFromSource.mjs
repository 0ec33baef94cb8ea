// Loaded with `node --import`, lets Node run our TypeScript sources. Unlike `--import tsx` it covers worker threads, which
// inherit the flag: a model's executor runs in one.
import { register } from "tsx/esm/api";

register();

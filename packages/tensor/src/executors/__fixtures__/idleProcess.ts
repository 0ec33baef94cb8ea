// Run by onnx.test.ts: computes on the default executor and then has nothing more to do.
import { tensor } from "../../index.ts";

const sum = await tensor([1, 2]).sum().item();
process.stdout.write(`${sum}\n`);

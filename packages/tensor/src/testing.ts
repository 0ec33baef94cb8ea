// What tests of ops and executors need: comparison with a tolerance, gradient checks, and ways to write sample inputs.
export {
  type CheckOpOptions,
  checkComposition,
  checkExecutor,
  checkGradient,
  checkOp,
  checkSecondOrder,
  runProgram,
} from "./testing/checkOp.ts";
export {
  booleans,
  type CaseInput,
  floats,
  integers,
  numbers,
  type OpCase,
  type OpCases,
  type SampleOptions,
} from "./testing/opCase.ts";
export { describeDifference, type Tolerance, toBeAllclose, tolerances } from "./testing/toBeAllclose.ts";

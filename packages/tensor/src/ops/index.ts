// The one list of all ops: what the completeness test and the support table walk.
import { attendInBlocksOp } from "../fused/attendInBlocks.ts";
import { attendWithBiasOp } from "../fused/attendWithBias.ts";
import { crossEntropyRowsOp } from "../fused/crossEntropy.ts";
import { geluOp } from "../fused/gelu.ts";
import { layerNormOp, rmsNormOp } from "../fused/norms.ts";
import { productByHeadOp } from "../fused/productByHead.ts";
import { dequantizeBlockwiseOp, quantizeBlockwiseOp } from "../fused/quantizeBlockwise.ts";
import { quantizedMatmulOp } from "../fused/quantizedMatmul.ts";
import { rotateHalvesOp } from "../fused/rotateHalves.ts";
import { scanOp } from "../fused/scan.ts";
import { logSoftmaxOp, softmaxOp } from "../fused/softmax.ts";
import { sumOfSquaresOp } from "../fused/sumOfSquares.ts";
import { recomputedOp } from "../recompute.ts";
import { broadcastOps } from "./broadcast.ts";
import { constantOp, iotaOp, placeholderOp, storedOp } from "./create.ts";
import { elementwiseOps } from "./elementwise.ts";
import { gatherOps } from "./gather.ts";
import { matmulOps } from "./matmul.ts";
import { movementOps } from "./movement.ts";
import type { OpDefinition } from "./op.ts";
import { afterOp, lateSliceOp } from "./order.ts";
import { reduceOps } from "./reduce.ts";

/** Leaves that an executor binds before it runs. */
export const leafOps = [placeholderOp, storedOp] as unknown as readonly OpDefinition[];

/** Ops with a kernel of their own. */
export const primitiveOps = [
  constantOp,
  iotaOp,
  ...elementwiseOps,
  ...movementOps,
  ...broadcastOps,
  ...reduceOps,
  ...gatherOps,
  ...matmulOps,
  afterOp,
  lateSliceOp,
  recomputedOp,
] as unknown as readonly OpDefinition[];

/** Compositions with a closed-form gradient and, in some runtimes, a kernel. */
export const fusedOps = [
  softmaxOp,
  logSoftmaxOp,
  layerNormOp,
  rmsNormOp,
  geluOp,
  crossEntropyRowsOp,
  quantizedMatmulOp,
  quantizeBlockwiseOp,
  dequantizeBlockwiseOp,
  attendWithBiasOp,
  attendInBlocksOp,
  sumOfSquaresOp,
  rotateHalvesOp,
  scanOp,
  productByHeadOp,
] as unknown as readonly OpDefinition[];

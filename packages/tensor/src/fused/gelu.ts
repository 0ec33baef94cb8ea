// Gaussian error linear unit (Hendrycks and Gimpel 2016): exact, and the tanh approximation that GPT-2 uses ("gelu_new").
import { requireFloat } from "../dtype.ts";
import type { Tensor } from "../graph.ts";
import { add, div, erf, exp, mul, sigmoid, sub, tanh } from "../ops/elementwise.ts";
import { apply, defineFusedOp, widenBfloat16 } from "../ops/op.ts";

type GeluAttributes = { approximate: "none" | "tanh" };

const scale = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** P(Z <= x) of a standard normal Z. */
function normalDistribution(x: Tensor): Tensor {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}

function exactDerivative(x: Tensor): Tensor {
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(normalDistribution(x), mul(x, density));
}

/** With s = (1 + tanh u) / 2 = sigmoid(2u) and y = x s: dy/dx = s + y (1 - s) d(2u)/dx. */
function tanhDerivative(x: Tensor, y: Tensor): Tensor {
  const slope = add(mul(mul(x, x), 2 * scale * cubic), 2 * scale);
  const s = sigmoid(mul(x, slope));
  const slopeOfU = sub(mul(slope, 3), 4 * scale);
  return add(s, mul(mul(y, sub(1, s)), slopeOfU));
}

export const geluOp = defineFusedOp<GeluAttributes>({
  name: "gelu",
  infer: ([x]) => {
    requireFloat("gelu", x!.dtype);
    return { dtype: x!.dtype, shape: x!.shape };
  },
  compose: ([x], { approximate }) => {
    if (approximate === "none") return mul(x!, normalDistribution(x!));
    const u = mul(add(x!, mul(mul(mul(x!, x!), x!), cubic)), scale);
    return mul(div(x!, 2), add(tanh(u), 1));
  },
  vjp: ({ gradient, inputs: [x], outputs: [y], attributes: { approximate } }) => [
    mul(gradient, approximate === "none" ? exactDerivative(x!) : tanhDerivative(x!, y!)),
  ],
  onnx: (emit, inputs, { attributes }) => emit.node("Gelu", inputs, { approximate: attributes.approximate }),
  widen: widenBfloat16,
});

/** x P(Z <= x) for a standard normal Z; `approximate: "tanh"` is GPT-2's form. Default exact. */
export function gelu(x: Tensor, options: { approximate?: "none" | "tanh" } = {}): Tensor {
  return apply(geluOp, [x], { approximate: options.approximate ?? "none" });
}

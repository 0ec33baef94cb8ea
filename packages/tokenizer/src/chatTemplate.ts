// Chat templates: Jinja templates, as Hugging Face models carry them, that write a conversation as text, and the mask that says
// which tokens of it are the assistant's own.
import { Template } from "@huggingface/jinja";
import { FormatError } from "./errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** One message of a conversation. Templates may read more fields (`tool_calls`, `name`, …). */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** Options of {@link ChatTemplate.render} and {@link ChatTemplate.encode}. */
export interface ChatRenderOptions {
  /** End with what opens the assistant's next turn. Default false. */
  readonly addGenerationPrompt?: boolean;
  /** Tools as JSON schemas, for templates that know them. */
  readonly tools?: readonly object[];
  /** Further variables for the template, for example `{ enable_thinking: false }`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A conversation as a model is trained on it. */
export interface EncodedChat {
  readonly inputIds: Uint32Array;
  /** 1 for a token that the assistant says (its end of turn included), 0 for the others; as long as `inputIds`. */
  readonly lossMask: Uint8Array;
}

/** A part of the rendered text. */
interface Segment {
  readonly text: string;
  readonly isAssistant: boolean;
}

/** Stand in the rendered text for `{% generation %}` and `{% endgeneration %}`. No text holds these noncharacters. */
const openMarker = "\ufdd0";
const closeMarker = "\ufdd1";
const markers = /[\ufdd0\ufdd1]/g;
/** With the white space that Jinja's `lstrip_blocks` and `trim_blocks` take away, as transformers sets them. */
const generationTag = /(?:^[ \t]*)?\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}\n?/gm;

/**
 * A chat template, rendered as transformers' `apply_chat_template` does.
 *
 * @example
 * const template = await loadChatTemplate("models/my-model");
 * template.render([{ role: "user", content: "Hello" }], { addGenerationPrompt: true });
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #isTagged: boolean;
  readonly #variables: Readonly<Record<string, unknown>>;

  /**
   * @param source the Jinja source
   * @param variables what every rendering gets: `bos_token`, `eos_token` and the like
   * @throws FormatError if it is no Jinja template
   */
  constructor(source: string, variables: Readonly<Record<string, unknown>> = {}) {
    this.#variables = variables;
    this.#isTagged = source.search(generationTag) >= 0;
    const marked = source.replace(generationTag, (_tag, left: string, end: string | undefined, right: string) => {
      const marker = end ? closeMarker : openMarker;
      return `{{${left === "-" ? "-" : ""} "${marker}" ${right === "-" ? "-" : ""}}}`;
    });
    this.#template = inTemplate("not a Jinja template", () => new Template(marked));
  }

  /**
   * The conversation as text.
   * @throws FormatError with the template's own words if it refuses the messages
   */
  render(messages: readonly ChatMessage[], options: ChatRenderOptions = {}): string {
    return this.#renderMarked(messages, options).replace(markers, "");
  }

  /**
   * The ids of the conversation, and which of them the assistant says: inside `{% generation %}` where the template has that
   * tag, otherwise what each assistant message adds to the conversation before it and its generation prompt. The text is
   * encoded apart at the borders of the assistant's turns, as it is when the model writes them.
   *
   * Special tokens in messages are recognised like those of the template: clean messages that come from outside.
   *
   * @throws FormatError if the template has no tag and writes earlier turns differently when later ones follow
   */
  encode(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: ChatRenderOptions = {}): EncodedChat {
    const segments = this.#isTagged ? this.#taggedSegments(messages, options) : this.#addedSegments(messages, options);
    const encoded = segments.map(({ text, isAssistant }) => {
      const ids = tokenizer.encode(text, { allowedSpecial: "all", addSpecialTokens: false });
      // Without a tag the turn ends at its last special token: the line break behind it is the template's.
      const spoken = !isAssistant ? 0 : this.#isTagged ? ids.length : spokenLength(tokenizer, ids);
      return { ids, spoken };
    });
    const length = encoded.reduce((sum, { ids }) => sum + ids.length, 0);
    const inputIds = new Uint32Array(length);
    const lossMask = new Uint8Array(length);
    let at = 0;
    for (const { ids, spoken } of encoded) {
      inputIds.set(ids, at);
      lossMask.fill(1, at, at + spoken);
      at += ids.length;
    }
    return { inputIds, lossMask };
  }

  #renderMarked(messages: readonly ChatMessage[], options: ChatRenderOptions): string {
    const { addGenerationPrompt = false, tools, variables } = options;
    const values = {
      ...this.#variables,
      ...variables,
      messages,
      tools: tools ?? null,
      add_generation_prompt: addGenerationPrompt,
    };
    return inTemplate("rendering failed", () => this.#template.render(values));
  }

  #taggedSegments(messages: readonly ChatMessage[], options: ChatRenderOptions): Segment[] {
    const parts = this.#renderMarked(messages, options).split(markers);
    return parts.map((text, index) => ({ text, isAssistant: index % 2 === 1 }));
  }

  #addedSegments(messages: readonly ChatMessage[], options: ChatRenderOptions): Segment[] {
    const whole = this.#renderMarked(messages, options);
    const segments: Segment[] = [];
    let done = 0;
    for (const [index, { role }] of messages.entries()) {
      if (role !== "assistant") continue;
      const before = this.#renderMarked(messages.slice(0, index), { ...options, addGenerationPrompt: true });
      const through = this.#renderMarked(messages.slice(0, index + 1), { ...options, addGenerationPrompt: false });
      if (!whole.startsWith(through) || !through.startsWith(before)) {
        throw new FormatError(
          `chat template: message ${index} is written differently when others follow it, so its tokens cannot be told ` +
            "(put {% generation %} and {% endgeneration %} around the assistant's words in the template)",
        );
      }
      segments.push({ text: whole.slice(done, before.length), isAssistant: false });
      segments.push({ text: through.slice(before.length), isAssistant: true });
      done = through.length;
    }
    segments.push({ text: whole.slice(done), isAssistant: false });
    return segments;
  }
}

/** How many of the ids are left when white space behind the last special token is not counted. */
function spokenLength(tokenizer: Tokenizer, ids: Uint32Array): number {
  const special = new Set(tokenizer.specialTokens.values());
  const last = ids.findLastIndex((id) => special.has(id));
  return last >= 0 && tokenizer.decode(ids.subarray(last + 1)).trim() === "" ? last + 1 : ids.length;
}

function inTemplate<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FormatError(`chat template: ${what}: ${(error as Error).message}`, { cause: error });
  }
}

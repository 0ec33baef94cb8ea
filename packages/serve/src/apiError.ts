// Errors as OpenAI's API words them: an HTTP status and a body `{ error: { message, type, param, code } }`.

/** The body of every answer that is an error, as OpenAI's. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The request's field that is wrong. */
    readonly param: string | null;
    readonly code: string | null;
  };
}

export interface ApiErrorOptions {
  readonly status: number;
  /** Default `invalid_request_error`. */
  readonly type?: string;
  readonly param?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that tells the client what is wrong with its request, or that the server cannot take it now. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;

  constructor(message: string, options: ApiErrorOptions) {
    super(message);
    const { status, type = "invalid_request_error", param = null, code = null, headers = {} } = options;
    this.status = status;
    this.headers = headers;
    this.body = { error: { message, type, param, code } };
  }
}

// Objects of S3 and of storage that speaks its protocol (MinIO, Ceph, R2, …), listed and read in ranges with Signature Version 4.
import { AwsV4Signer } from "aws4fetch";
import picomatch from "picomatch";
import { SaxesParser } from "saxes";
import { DataError, FileError, systemReason } from "../errors.ts";
import { describeFile, type InputFile } from "../inputFile.ts";
import { formatOfName } from "./documentFormat.ts";
import { Connection, type HttpOptions, type RequestSigner } from "./httpConnection.ts";
import { httpSource, openHttpSource } from "./httpSource.ts";
import { mebibyte, type ReadOptions } from "./readOptions.ts";

/** Keys that sign requests. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where buckets are and who asks. */
export interface S3Options {
  /** Address of the service, for other storage than Amazon's. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or Amazon's. */
  readonly endpoint?: string;
  /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, or `us-east-1`. */
  readonly region?: string;
  /**
   * Keys, or a function that gives the ones of the moment (such as those of `@aws-sdk/credential-providers`). Default:
   * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; without them requests are not signed, which
   * public buckets allow.
   */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
  /**
   * Names the bucket in the path (`https://host/bucket/key`) and not before the host (`https://bucket.host/key`), which some
   * services insist on. Default: true with an endpoint; at Amazon's only for names with dots.
   */
  readonly pathStyle?: boolean;
  /** Pays for what is read from a bucket that asks for it, as arXiv's does. Default false. */
  readonly requesterPays?: boolean;
}

interface Bucket {
  readonly name: string;
  /** Address of the bucket, without a slash at its end. */
  readonly address: string;
  readonly sign: RequestSigner;
  readonly http: HttpOptions;
}

interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly tag: string;
}

interface ListPage {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

/** True for `s3://bucket/…`. */
export function isS3Address(input: string): boolean {
  return input.startsWith("s3://");
}

/**
 * The objects behind `s3://bucket/key`, `s3://bucket/folder/` (all of known kinds under it) or a pattern such as
 * `s3://bucket/folder/*.jsonl.gz`, sorted by key.
 * @throws FileError when the bucket cannot be listed; DataError for an address that names nothing.
 */
export async function s3Files(address: string, options: ReadOptions): Promise<InputFile[]> {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(address);
  if (!match) throw new DataError(`${address}: expected s3://bucket/key, s3://bucket/folder/ or a pattern of keys`);
  const [, name = "", path = ""] = match;
  const bucket = openBucket(name, options);
  const isFolder = path === "" || path.endsWith("/");
  const { base, isGlob } = picomatch.scan(path);
  // One object is asked for by itself: many a bucket may be read and not listed.
  if (!isGlob && !isFolder) return [await singleObject(bucket, path, options)];
  const matches = isGlob ? picomatch(path) : undefined;
  const wanted = (key: string): boolean => {
    if (key.endsWith("/")) return false;
    if (matches) return matches(key) || key === path;
    return options.format !== undefined || formatOfName(key) !== undefined;
  };
  // Of the part before a wildcard only whole folders count, as picomatch gives them.
  const prefix = isGlob ? (base === "" ? "" : `${base}/`) : path;
  const files: InputFile[] = [];
  for await (const object of listObjects(bucket, prefix, options.signal)) {
    if (wanted(object.key)) files.push(objectFile(bucket, object, options));
  }
  if (files.length > 0) return files;
  throw new DataError(`${address}: no object of a known kind has this folder or pattern (set format for other kinds)`);
}

async function singleObject(bucket: Bucket, key: string, options: ReadOptions): Promise<InputFile> {
  const source = await openHttpSource(objectConnection(bucket, key), options.signal);
  return describeFile(`s3://${bucket.name}/${key}`, key, options, source.size, async () => source);
}

function objectConnection(bucket: Bucket, key: string): Connection {
  return new Connection(`${bucket.address}/${encodeKey(key)}`, bucket.http, bucket.sign);
}

function objectFile(bucket: Bucket, { key, size, tag }: ListedObject, options: ReadOptions): InputFile {
  const connection = objectConnection(bucket, key);
  return describeFile(`s3://${bucket.name}/${key}`, key, options, size, async () =>
    httpSource({ connection, size, tag: tag === "" ? null : tag }),
  );
}

function openBucket(name: string, { s3 = {}, http = {} }: ReadOptions): Bucket {
  const region = s3.region ?? (process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || "us-east-1");
  const endpoint = s3.endpoint ?? (process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL || undefined);
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw new DataError(`s3.endpoint: expected an address such as "http://localhost:9000", got "${endpoint}"`);
  }
  const service = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  // Certificates of Amazon's hold for one name before the service's, so not for bucket names with dots.
  const inPath = s3.pathStyle ?? (endpoint !== undefined || name.includes("."));
  const path = service.pathname.replace(/\/$/, "");
  const address = inPath ? `${service.origin}${path}/${name}` : `${service.protocol}//${name}.${service.host}${path}`;
  return { name, address, sign: requestSigner(region, s3), http };
}

function requestSigner(region: string, options: S3Options): RequestSigner {
  const payer: Record<string, string> = options.requesterPays ? { "x-amz-request-payer": "requester" } : {};
  return async (address) => {
    const { credentials } = options;
    const keys = typeof credentials === "function" ? await credentials() : (credentials ?? environmentCredentials());
    if (keys === undefined) return payer;
    const signer = new AwsV4Signer({ ...keys, url: address, method: "GET", headers: payer, service: "s3", region });
    const { headers } = await signer.sign();
    return Object.fromEntries(headers);
  };
}

function environmentCredentials(): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = process.env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}) };
}

async function* listObjects(bucket: Bucket, prefix: string, signal?: AbortSignal): AsyncGenerator<ListedObject> {
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ "encoding-type": "url", "list-type": "2", prefix });
    if (next !== undefined) query.set("continuation-token", next);
    // Signatures are made over %20, which the form encoding of URLSearchParams writes as "+".
    const connection = new Connection(
      `${bucket.address}/?${String(query).replaceAll("+", "%20")}`,
      bucket.http,
      bucket.sign,
    );
    const answer = await connection.whole(signal, 64 * mebibyte);
    if (answer === undefined)
      throw new FileError(`s3://${bucket.name}: there is no such bucket (check name and region)`);
    const page = parseListing(answer.body.toString("utf8"), bucket.name);
    yield* page.objects;
    next = page.next;
  } while (next !== undefined);
}

function parseListing(xml: string, bucket: string): ListPage {
  const objects: ListedObject[] = [];
  const parser = new SaxesParser();
  let text = "";
  let fields: Record<string, string> = {};
  let next: string | undefined;
  parser.on("opentag", ({ name }) => {
    text = "";
    if (name === "Contents") fields = {};
  });
  parser.on("text", (piece) => {
    text += piece;
  });
  parser.on("closetag", ({ name }) => {
    if (name === "NextContinuationToken") next = text;
    else if (name === "Contents") {
      objects.push({ key: decodeKey(fields.Key ?? ""), size: Number(fields.Size), tag: fields.ETag ?? "" });
    } else fields[name] = text;
  });
  try {
    parser.write(xml).close();
  } catch (error) {
    const message = `s3://${bucket}: expected a list of objects in XML, got something else: ${systemReason(error)} (is the endpoint an S3 service?)`;
    throw new FileError(message, { cause: error });
  }
  return { objects, next };
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll("+", "%20"));
}

function encodeKey(key: string): string {
  const encode = (part: string): string =>
    encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return key.split("/").map(encode).join("/");
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody, serveOnLoopback } from "../../../local-cloud/http-server";

/** AWS as far as the command line interface asks it by itself: who calls, and whether a bucket and an image are there. */
export interface StandInAws {
  readonly url: string;
  /** How it answers; a test changes it. */
  readonly behaviour: {
    /** Account of every caller. */
    account: string;
    /** Status and region of every bucket. */
    bucket: { status: number; region: string };
    /** What a question for an image is answered with; undefined when it is there. */
    imageError: string | undefined;
  };
  /** What it was asked since the last time, sorted. */
  asked(): string[];
  close(): Promise<void>;
}

/** Serves an AWS that takes the credentials `test`, and `test-of-ACCOUNT` of another account, and rejects all others. */
export async function serveAws(account: string): Promise<StandInAws> {
  const behaviour: StandInAws["behaviour"] = {
    account,
    bucket: { status: 200, region: "eu-west-1" },
    imageError: undefined,
  };
  const asked = new Set<string>();
  const server = await serveOnLoopback((request, response) => {
    void readBody(request, () => new Error("too large")).then((body) => {
      asked.add(answer(behaviour, request, body, response));
    });
  });
  return {
    url: server.url,
    behaviour,
    asked: () => {
      const all = [...asked].sort();
      asked.clear();
      return all;
    },
    close: () => server.close(),
  };
}

/** Answers a request, and returns what was asked. */
function answer(
  { account, bucket, imageError }: StandInAws["behaviour"],
  { method, url = "", headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
): string {
  if (method === "HEAD") {
    response.writeHead(bucket.status, { "x-amz-bucket-region": bucket.region }).end();
    return `HeadBucket ${url.replaceAll("/", "")}`;
  }
  if (headers["x-amz-target"] !== undefined) {
    const { repositoryName, imageIds } = JSON.parse(body) as {
      readonly repositoryName: string;
      readonly imageIds: readonly { readonly imageTag: string }[];
    };
    response.writeHead(imageError === undefined ? 200 : 400, {
      "content-type": "application/x-amz-json-1.1",
    });
    response.end(JSON.stringify(imageError === undefined ? { imageDetails: [{}] } : { __type: imageError }));
    return `DescribeImages ${repositoryName}:${imageIds.map(({ imageTag }) => imageTag).join()}`;
  }
  const { authorization = "" } = headers;
  const [good, caller = account] = /Credential=test(?:-of-(\d+))?\//.exec(authorization) ?? [];
  response.writeHead(good !== undefined ? 200 : 403, { "content-type": "text/xml" });
  response.end(
    good !== undefined
      ? `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
           <Arn>arn:aws:iam::${caller}:user/test</Arn><UserId>AIDATEST</UserId><Account>${caller}</Account>
         </GetCallerIdentityResult></GetCallerIdentityResponse>`
      : `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
           <Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message>
         </Error></ErrorResponse>`,
  );
  return "GetCallerIdentity";
}

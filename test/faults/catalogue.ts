/** The fault catalogue: every fault that was thought of, by number. Each has a test here. */
const groups = {
  N: `the connection is refused
refused over IPv6, accepted over IPv4 (and refused over both)
the host name does not exist
the name server does not answer for now
connection attempts vanish without an answer
the connection is accepted and nothing is ever answered
headers arrive one byte at a time, without end
the body arrives one byte at a time, without end
the connection is reset before the reply's headers
the connection breaks inside a body of stated length
the connection breaks inside a chunked body
a body that ends with the connection is cut inside the JSON
a body that ends with the connection is cut where the JSON happens to be complete
bytes follow the body of the stated length
two JSON documents in one body
a bad chunk size, another protocol's greeting, or TLS answers an HTTP request
more than 16 KiB of headers
the server closes an idle connection at the moment of its next use
the proxy refuses the credentials, or is down
informational replies (100, 103) come before the real one
the network goes away after page 3 of 5
a small compressed body unpacks to hundreds of megabytes
many content encodings on top of each other, or an unknown one
the body is said to be gzip and is not
a content encoding that this Node cannot unpack is never asked for`,
  T: `the certificate has expired
the certificate is not valid yet
the certificate vouches for itself
the certificate is from a private authority
the certificate is for another host
plain HTTP answers on the TLS port
the server speaks only TLS 1.0
--insecure is given
NODE_TLS_REJECT_UNAUTHORIZED=0 is inherited
a client certificate is missing, or its key is encrypted
the --ca-file cannot be read, is empty, or holds no certificate
credentials over plain http`,
  A: `the login is refused (401, 403)
the login succeeds and sets no cookie
the login is answered with an HTML page of single sign-on
the login redirects to the same host and sets the cookie
the session ends in the middle of the run (401)
401 again right after a new login
an HTML login page with status 200 in place of records
a status-200 body that says that the session is over, with no records
403 for the records
404 for the address
408 and 425
409
410, or 400 saying that the cursor has expired
413, 414 and 431: the request is too large
429 with Retry-After in seconds
429 with Retry-After as a date, in the past, negative, garbage or huge
429 without Retry-After, with or without a reset header
a few 5xx, then an answer
5xx without end
501 and 505
a redirect within the same origin
a redirect to another host
a redirect from https to http
endless redirects
204, 206 and 304 where records were asked for
cookies for another domain, marked Secure over http, by the thousand, or with line breaks
two runs end each other's session
the logout fails`,
  P: `an empty page with a further cursor
an empty page without one
the same cursor again, or a cycle of cursors
new cursors with the same page again and again
the next page's address is at another host
the next page's address only looks local
the next page's address has another scheme
rows are inserted while pages are counted by offset
new records arrive during a walk from the newest back
records are out of order within and between pages
the vendor ignores the lower time bound
the vendor ignores the page size
records exactly on the boundary between two windows
very many records share one timestamp
a record has no ID
IDs of different types that look alike
one ID twice on a page, with the same content
one ID twice, with different content
IDs that differ only by Unicode normalisation or case
timestamps in every unit and spelling
nanosecond timestamps beyond the exact range of numbers
a timestamp is missing, unreadable, far off, or a leap second
no record has a readable timestamp
a record shows up later than the overlap
a record is changed or deleted between pages
fewer records arrive than the vendor stated
the vendor's clock is an hour off
the outage was longer than the vendor keeps records`,
  J: `the JSON is cut off
invalid UTF-8
a byte order mark
a lone surrogate in an escape
line separators inside texts
an escaped NUL
pretty-printed records
nesting of a million levels
names that JavaScript treats specially
the same member twice in a record
numbers that no double holds
a record of hundreds of megabytes
what JSON does not know: NaN, trailing commas, comments
a record that is not an object
a wrong or missing content type
a reply in another character set
JSON Lines with a torn last line, carriage returns and blank lines
markup, escape sequences and formulas inside fields`,
  S: `the destination is down, unknown or not trusted
some records of a batch are to be sent again
some records of a batch are refused for good
a mixed answer in another order
an answer that does not fit what was sent
every record is already there
a record is already there with other content
the batch is too large
the whole batch is rate-limited
one record makes the destination refuse the whole batch
too much would have to be set aside
the destination refuses the credentials
the index or address does not exist
the destination redirects to another host
the answer never comes after the upload
an HTML page with status 200
an empty answer, or fewer IDs than records
the acknowledgement does not come
acknowledgement numbers start again
the destination names one bad event of a batch
the destination is too busy
the destination is slower than the source
the destination took everything and the position cannot be saved
two destinations, one of them down
compressed uploads are not taken
the index is blocked for writing
a record tries to choose its own index`,
  D: `the reader of an ad-hoc search has enough
the reader dies in the middle, with a position
the command that takes the records fails after reading all
standard output is a full device
standard output is closed
megabytes into a slow pipe
the state directory's disk is full
the state directory is read-only, forbidden, a file, or missing
the position is empty, cut, flipped, zeroed or something else
the position is from a newer version
the position belongs to somebody else or is open to all
a symbolic link waits where a file is to be written
a hundred pairs of simultaneous runs
the process is killed at random moments
asked to stop during page, upload and save
Ctrl-C twice
stopped for minutes while holding the lock
the clock jumps, summer time begins and ends
the time limit of the run is reached
a page of 100 MB, and a small heap
the bare environment of cron
percent signs and quotes in a crontab
nothing is left to wait for
an error that nothing caught
the program is replaced while it runs`,
} as const;

/** Number to fault: N transport, T TLS, A authentication and HTTP status, P paging, J encoding, S sinks, D process. */
export const catalogue: ReadonlyMap<string, string> = new Map(
  Object.entries(groups).flatMap(([letter, text]) =>
    text.split('\n').map((what, at) => [`${letter}${String(at + 1).padStart(2, '0')}`, what] as const),
  ),
);

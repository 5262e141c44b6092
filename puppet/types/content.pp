# @summary What is in a file: text, or anything at all in base64
type Capsule::Content = Variant[String, Struct[{ base64 => Pattern[/\A[A-Za-z0-9+\/]*={0,2}\z/] }]]

# @summary What is to be written into a file
# @api private
#
# @param content
#   The content, as data have it.
#
# @return
#   Text, or bytes.
function capsule::bytes(Capsule::Content $content) >> Variant[String, Binary] {
  $content ? {
    String  => $content,
    default => Binary($content['base64'], '%B'),
  }
}

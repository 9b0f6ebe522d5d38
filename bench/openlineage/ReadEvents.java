import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.openlineage.client.OpenLineage;
import io.openlineage.client.OpenLineageClientUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Reads gm's events with OpenLineage's own client, whose classes are made of the published schemas: a key that they do not know
 * is an error, and what is written again must be what was read.
 *
 *   gm build --openlineage events.jsonl
 *   mvn -q -f bench/openlineage/pom.xml dependency:copy-dependencies -DoutputDirectory=<folder>
 *   java -cp '<folder>/*' bench/openlineage/ReadEvents.java events.jsonl
 */
class ReadEvents {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper =
        OpenLineageClientUtils.newObjectMapper()
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true);
    List<String> differences = new ArrayList<>();
    List<String> lines = Files.readAllLines(Path.of(arguments[0]));
    for (int i = 0; i < lines.size(); i++) {
      JsonNode given = mapper.readTree(lines.get(i));
      JsonNode read = mapper.valueToTree(mapper.readValue(lines.get(i), OpenLineage.RunEvent.class));
      compare("line " + (i + 1), given, read, differences);
    }
    differences.forEach(System.out::println);
    System.out.println(lines.size() + " events read, " + differences.size() + " differences");
    if (!differences.isEmpty() || lines.isEmpty()) System.exit(1);
  }

  static void compare(String at, JsonNode given, JsonNode read, List<String> differences) {
    if (given.isObject() && read != null && read.isObject()) {
      for (Iterator<String> keys = given.fieldNames(); keys.hasNext(); ) {
        String key = keys.next();
        compare(at + "/" + key, given.get(key), read.get(key), differences);
      }
    } else if (given.isArray() && read != null && read.isArray()) {
      for (int i = 0; i < given.size(); i++) {
        compare(at + "/" + i, given.get(i), read.get(i), differences);
      }
    } else if (read == null || !isSame(at, given, read)) {
      differences.add(at + ": " + given + " was read as " + read);
    }
  }

  /** Numbers have other types in Java, and times lose their last zeros. */
  static boolean isSame(String at, JsonNode given, JsonNode read) {
    if (given.isNumber() && read.isNumber()) return given.decimalValue().compareTo(read.decimalValue()) == 0;
    if (at.endsWith("/eventTime")) return Instant.parse(given.asText()).equals(Instant.parse(read.asText()));
    return given.equals(read);
  }
}
